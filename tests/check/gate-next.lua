-- then_ask that never comes
playbook {
  name = "gate-next", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local a = approve { "Move it?", by = "lead", then_ask = "duty" } -- expect: gate-next @ approve
  finish(a.how, p.domain)
end
