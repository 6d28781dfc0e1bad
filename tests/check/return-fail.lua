-- The same in wait_until
playbook {
  name = "return-fail", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local up = wait_until("5m", function()
    local r = mail.inbound(p.domain)
    if r.verdict == "rejecting" then return fail(r.why) end -- expect: return-finish @ return
    return r.ok
  end)
  finish("done", tostring(up))
end
