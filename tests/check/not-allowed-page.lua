-- escalate pages somebody
playbook {
  name = "not-allowed-page", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  escalate("oncall", "down", { host = p.domain }) -- expect: not-allowed @ escalate
  finish("done")
end

--[==[ templates/down.md
{{host}} is down
]==]
