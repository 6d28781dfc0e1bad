-- SPDX-License-Identifier: MIT
-- Two runs that would change the same thing: the second one does not start.
playbook {
  name = "exclusive-lock", version = "1.0.0", owner = "ops",
  summary = "Point a domain's mail somewhere else, one run at a time.",
  may_change = { "zone.set_mx:{domain}" },
  exclusive  = "mx:{domain}",                           -- mx-failover, mx-failback and undo take the same lock
  params = {
    domain  = param.domain "Whose mail is moved",
    standby = param.host "Where to" { from = "domains[domain].standby" },
  },
  changelog = { ["1.0.0"] = "First version" },
}

function main(p)
  step "Move it"
  local before = need(zone.mx(p.domain), "the DNS host does not answer")
  local answer = approve { "Point " .. p.domain .. " at " .. p.standby .. "?", by = "lead", deadline = "1h" }
  if not answer.yes then finish(answer.how, answer.reason) end
  zone.set_mx(p.domain, { { preference = 10, host = p.standby } }, { only_if = before }) -- the world's own lock
  finish("moved")
end
