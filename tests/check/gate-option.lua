-- A misspelt option of a question
playbook {
  name = "gate-option", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local a = approve { "Move it?", by = "lead", deadline = "10m", thenask = "duty" } -- expect: gate-option @ thenask
  finish(a.how, p.domain)
end
