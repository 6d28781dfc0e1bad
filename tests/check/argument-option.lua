-- A misspelt option of a verb
playbook {
  name = "argument-option", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local r = smtp.probe(p.domain, { prot = 25 }) -- expect: unknown-option @ prot
  finish("done", r.why)
end
