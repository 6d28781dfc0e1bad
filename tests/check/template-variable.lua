-- A variable the call does not give
playbook {
  name = "template-variable", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { "notify" },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  notify("team", "down", { host = p.domain, sinc = now() }) -- expect: missing-variable @ "down"  -- expect: extra-variable @ sinc
  finish("done")
end

--[==[ templates/down.md
Subject: {{host}} is down

Since {{since|time}}. {{#why}}Reason: {{why}}{{/why}}
]==]
