-- A local that is used before it is declared
playbook {
  name = "unknown-behind", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  step(title) -- expect: unknown-name @ title
  local title = p.domain
  finish(title)
end
