-- A target that a local holds
playbook {
  name = "target-local", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { "notify:team", "zone.set_mx:{domain}" },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local who, domain, nobody = "team", p.domain, "stakeholders"
  notify(who, "down", { host = p.domain })
  notify(nobody, "down", { host = p.domain }) -- expect: not-allowed @ notify
  zone.set_mx(domain, { { preference = 10, host = "mx.example.net" } })
  finish("done")
end

--[==[ templates/down.md
{{host}} is down
]==]
