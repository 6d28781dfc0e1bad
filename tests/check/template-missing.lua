-- A misspelt template
playbook {
  name = "template-missing", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { "notify" },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  notify("team", "dwon", { host = p.domain }) -- expect: no-template @ "dwon"
  notify("team", "down", { host = p.domain, since = now() })
  finish("done")
end

--[==[ templates/down.md
Subject: {{host}} is down

Since {{since|time}}. {{#why}}Reason: {{why}}{{/why}}
]==]
