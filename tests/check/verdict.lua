-- A verdict that there is none of
playbook {
  name = "verdict", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local r = mail.inbound(p.domain)
  if r.verdict == "broken" then fail(r.why) end -- expect: unknown-verdict @ "broken"
  finish("done")
end
