-- SPDX-License-Identifier: MIT
-- The script beside this file as a playbook.
playbook {
  name = "from-script", version = "1.0.0", owner = "ops",
  summary = "Move the mail of a domain to its standby when its MX is gone.",
  may_change = { "zone.set_mx:{domain}", "notify" },
  exclusive  = "mx:{domain}",                           -- flock, that outlives a crash
  watch  = { every = "1m", confirm = 2, clear = 3 },    -- cron, and the second look behind sleep 30
  params = {
    domain  = param.domain "Whose mail" { default = "example.com" },
    standby = param.host "Where to" { from = "domains[domain].standby" },
  },
  changelog = { ["1.0.0"] = "First version" },
}

function detect(p) return mail.inbound(p.domain) end    -- nc -z: but does it take mail, and is it not us?

function main(p)
  step "Is it down?"
  local inbound = mail.inbound(p.domain)
  if not inbound.broken then finish("no_action", inbound.why) end

  step "Move it"
  local before = need(zone.mx(p.domain), "the DNS host does not answer")
  local after = { { preference = 10, host = p.standby } }
  local answer = approve { "Point " .. p.domain .. " at " .. p.standby .. "?", by = "lead", deadline = "10m",
                           show = { inbound, change = { from = before, to = after } } }
  if not answer.yes then finish(answer.how, answer.reason) end
  undo "Put the old MX back"
  zone.set_mx(p.domain, after, { only_if = before })    -- curl -X PATCH: done when every name server serves it

  step "Tell"
  notify("team", "moved", { domain = p.domain, standby = p.standby }) -- mail: over what still works
  finish("moved")
end
