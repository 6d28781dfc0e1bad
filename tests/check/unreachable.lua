-- A message behind the end
playbook {
  name = "unreachable", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  finish("done", p.domain)
  step "Tell them" -- expect: unreachable @ step
end
