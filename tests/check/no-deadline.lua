-- A question that waits for ever
playbook {
  name = "no-deadline", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local a = approve { "Move it?", by = "lead" } -- expect: no-deadline @ approve
  finish(a.how, p.domain)
end
