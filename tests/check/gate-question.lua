-- A question without its words
playbook {
  name = "gate-question", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local a = todo { by = "lead", deadline = "10m" } -- expect: missing-argument @ todo
  finish(a.how, p.domain)
end
