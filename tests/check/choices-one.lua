-- A choice of one
playbook {
  name = "choices-one", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local a = ask { "Which?", by = "lead", deadline = "10m", choices = { "left" } } -- expect: bad-choices @ { "left"
  finish(a.how, p.domain)
end
