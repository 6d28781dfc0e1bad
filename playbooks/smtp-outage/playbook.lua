-- SPDX-License-Identifier: MIT
playbook {
  name = "smtp-outage", version = "3.1.0", owner = "mail-platform",
  summary = "Find an owner for a failing SMTP host and keep stakeholders told until it is stably back.",
  may_change = { "notify", "page" },
  watch  = { every = "30s", confirm = 3, clear = 5, again_after = "1h" },
  params = {
    host   = param.host     "The SMTP host that fails",
    port   = param.integer  "Its port" { from = "smtp.port", default = 25, min = 1, max = 65535 },
    every  = param.duration "How often to look" { default = "30s" },
    update = param.duration "How often stakeholders are told" { default = "30m" },
    limit  = param.duration "How long before the duty manager hears of it again" { default = "12h" },
  },
  changelog = { ["3.1.0"] = "The port may come from muster.lua: smtp.port",
                ["3.0.0"] = "Escalation ladders come from muster.lua" },
}

function detect(p) return smtp.probe(p.host, { port = p.port }) end

function main(p, samples) -- started by hand, the host probes first: never empty
  step "Get an owner"
  if samples.last.verdict == "up" then finish("no_action", p.host .. " answers") end
  milestone("detected", samples.first.at)
  local owner = escalate("mail-oncall", "smtp-down", { host = p.host, why = samples.last.why }) -- ladder and waits live in muster.lua
  if not owner then
    notify("everyone", "smtp-unowned", { host = p.host })
    fail("nobody took it")
  end

  step "Keep stakeholders told until it is stably back"
  local function tell()
    notify("stakeholders", "smtp-degraded", { host = p.host, owner = owner.name, since = samples.first.at })
  end
  local back = wait_until(p.limit, { every = p.every, stable = 5, meanwhile = { every = p.update, tell } }, function()
    return smtp.probe(p.host, { port = p.port }).verdict == "up"
  end)
  if not back then
    escalate("duty-manager", "smtp-still-down", { host = p.host, owner = owner.name })
    fail("still down after " .. p.limit)
  end
  notify("stakeholders", "smtp-restored", { host = p.host, outage = ago(samples.first.at) })
  milestone "resolved"
  finish("restored", "owner " .. owner.name)
end
