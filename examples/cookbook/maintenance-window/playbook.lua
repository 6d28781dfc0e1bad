-- SPDX-License-Identifier: MIT
-- A change that is no emergency waits for the night, and asks somebody who is awake before.
playbook {
  name = "maintenance-window", version = "1.0.0", owner = "ops",
  summary = "Lower a domain's MX TTL in tonight's maintenance window.",
  may_change = { "zone.set_mx:{domain}" },
  params = {
    domain = param.domain "Whose TTL",
    opens  = param.integer "Hour at which the window opens, UTC" { default = 22, min = 0, max = 23 },
    hours  = param.integer "How long it is open" { default = 4, min = 1, max = 23 },
    ttl    = param.duration "The new TTL" { default = "5m" },
  },
  changelog = { ["1.0.0"] = "First version" },
}

-- Seconds until the window opens; 0 while it is open. No calendar is needed: days of UTC have 86400 seconds.
local function until_open(p)
  local since = (now() - p.opens * 3600) % 86400
  return since < p.hours * 3600 and 0 or 86400 - since
end

function main(p)
  step "Agree by day"
  local answer = approve { "Lower the TTL of " .. p.domain .. " to " .. p.ttl .. " tonight?", by = "lead", deadline = "8h" }
  if not answer.yes then finish(answer.how, answer.reason) end

  step "Wait for the window"
  sleep(until_open(p) .. "s")

  step "Change it"
  if until_open(p) > 0 then finish("missed", "the window is closed") end -- we slept longer: the machine was off
  local before = need(zone.mx(p.domain), "the DNS host does not answer") -- read again: hours have passed
  zone.set_mx(p.domain, before, { only_if = before, ttl = p.ttl })
  finish("lowered")
end
