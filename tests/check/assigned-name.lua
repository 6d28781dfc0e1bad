-- A local without local
playbook {
  name = "assigned-name", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  count = 1 -- expect: assigned-name @ count
  finish("done", p.domain)
end
