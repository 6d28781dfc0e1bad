-- A misspelt parameter
playbook {
  name = "unknown-param", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  step(p.domain)
  finish("done", p.domian) -- expect: unknown-param @ domian
end
