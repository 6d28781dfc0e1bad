-- A misspelt word
playbook {
  name = "unknown-name", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  stpe "Look" -- expect: unknown-name @ stpe
  finish("done", p.domain)
end
