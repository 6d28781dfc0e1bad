-- A misspelt field
playbook {
  name = "field", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local r = mail.inbound(p.domain)
  if r.brokn then fail(r.why) end -- expect: unknown-field @ brokn
  finish("done")
end
