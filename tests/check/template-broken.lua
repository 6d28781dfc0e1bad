-- A section that is never closed
playbook {
  name = "template-broken", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { "notify" },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  notify("team", "down", { why = p.domain })
  finish("done")
end

--[==[ templates/down.md
{{! expect: bad-template @ {{ }}{{#why}} since
]==]
