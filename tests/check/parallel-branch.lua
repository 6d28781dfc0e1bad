-- A branch that parallel was not given
playbook {
  name = "parallel-branch", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local looks = parallel { mail = function() return mail.inbound(p.domain) end, mx = function() return dns.mx(p.domain) end }
  local list = parallel { function() return mail.inbound(p.domain) end }
  if looks.mail.ok and looks.mxs.ok and list[1].ok then finish("up") end -- expect: unknown-field @ mxs
  finish("done", looks.mx.why)
end
