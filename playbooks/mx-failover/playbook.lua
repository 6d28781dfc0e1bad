-- SPDX-License-Identifier: MIT
playbook {
  name = "mx-failover", version = "3.2.1", owner = "mail-platform",
  summary = "Move inbound mail to the standby MX when the primary stops accepting mail.",
  may_change  = { "zone.set_mx:{domain}", "notify", "page" },   -- the whole blast radius; anything else is refused
  exclusive   = "mx:{domain}",                                  -- one such run per domain; failback and undo take the same lock
  stale_after = "15m",                                          -- host was down longer? ask before the next change
  followed_by = "mx-failback",                                  -- offered to a person
  watch  = { every = "1m", confirm = 3, clear = 3, again_after = "30m" },
  drill  = {                                                    -- muster drill mx-failover domain=...
    every = "90d",
    targets = { detect = "4m", acknowledge = "10m", decide = "10m", mitigate = "15m" },
    scenarios = {
      ["primary-silent"] = { faults = { "smtp_down {domains[domain].primary}" }, result = "failed_over",
                             acts = { "notify stakeholders mail-failing", "zone.set_mx {domain}", "notify stakeholders mail-restored" } },
      ["standby-silent-too"] = { faults = { "smtp_down {domains[domain].primary}", "smtp_down {standby}" }, result = "failed",
                                 acts = { "notify stakeholders mail-failing" }, targets = { detect = "4m", acknowledge = "10m" } },
    },
  },
  params = {
    domain  = param.domain   "Domain whose inbound mail is failing",
    standby = param.host     "Standby MX"                       { from = "domains[domain].standby" },
    how     = param.choice   "Replace the MX set, or add to it" { "swap", "add", default = "swap" },
    answer  = param.duration "How long each of those asked has to answer" { default = "10m" },
    settle  = param.duration "How long to watch after the change" { default = "15m" },
    every   = param.duration "How often to look meanwhile"      { default = "30s" },
    quorum  = param.integer  "How many people must approve"     { default = 1, min = 1, max = 5 },
  },
  changelog = { ["3.2.1"] = "The scenario in which the standby is silent, too, has targets of its own",
                ["3.2.0"] = "Can be drilled: targets and two scenarios",
                ["3.1.0"] = "The proof looks past caches; a quorum can be asked for",
                ["3.0.0"] = "Rejecting and inconclusive are verdicts of their own" },
}

function detect(p) return mail.inbound(p.domain) end -- up, down, rejecting, inconclusive; the last never counts

function main(p, samples)
  step "Is inbound mail really down?"
  local before  = need(zone.mx(p.domain), "DNS provider does not answer: take the second path") -- its rrset: preferences and TTL
  local inbound = mail.inbound(p.domain, { mx = before })      -- each MX, each address, after the control targets
  evidence("inbound mail of " .. p.domain, inbound)
  if not inbound.broken then finish("no_action", inbound.why) end
  milestone("detected", samples.first.at)
  notify("stakeholders", "mail-failing", { domain = p.domain, since = samples.first.at,
                                              lost = inbound.verdict == "rejecting", next_update = "30m" })

  step "Is the standby fit to take it now?"
  local ready = mail.preflight(p.domain, { mx = { { preference = 10, host = p.standby } }, how = p.how })
  evidence("pre-flight of " .. p.standby, ready)
  if not ready.ok then
    escalate("mail-oncall", "primary-and-standby-down", { domain = p.domain, standby = p.standby, why = ready.why })
    fail(ready.why)
  end

  step "Ask, then move the MX"
  local answer = approve { "Point " .. p.domain .. " at " .. p.standby .. "?", by = "incident-lead",
                           deadline = p.answer, then_ask = "duty-manager", quorum = p.quorum,
                           show = { inbound, ready, change = { from = before, to = ready.mx },
                                    ["if we wait"] = inbound.verdict == "rejecting" and "mail is refused now and bounces: it is lost to us"
                                                     or "senders retry 4-5 days: late, not lost",
                                    ["if we switch"] = "caches may send to the old MX for up to " .. (before.ttl or 3600) .. " s more" } }
  if not answer.yes then finish(answer.how, answer.reason) end -- "declined" and "expired" are two different mornings
  milestone("decided", answer.at)
  undo "Put the old MX rrset back"                             -- names the undo that the next act records by itself
  zone.set_mx(p.domain, ready.mx, { only_if = before })        -- done when the API and every authoritative address serve it
  milestone "mitigated"

  step "Prove that mail flows"
  local flows = wait_until(p.settle, { every = p.every, stable = 3 }, function()
    local served = dns.mx(p.domain, { at = "authoritative" }) -- past every cache: where mail will go
    return served.ok and mail.inbound(p.domain, { mx = served }).verdict == "up"
  end)
  if not flows then
    notify("stakeholders", "mail-still-failing", { domain = p.domain, standby = p.standby })
    fail("MX moved, no mail after " .. p.settle)
  end
  notify("stakeholders", "mail-restored", { domain = p.domain, standby = p.standby, caches_until = ready.cached_until })
  milestone "resolved"
  finish("failed_over", "via " .. p.standby)
end
