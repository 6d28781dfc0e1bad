-- A variable nobody reads
playbook {
  name = "template-extra", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { "notify" },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  notify("team", "down", { host = p.domain, since = now(), owner = "me" }) -- expect: extra-variable @ owner
  finish("done")
end

--[==[ templates/down.md
Subject: {{host}} is down

Since {{since|time}}. {{#why}}Reason: {{why}}{{/why}}
]==]
