playbook {
  name = "@name@", version = "1.0.0", owner = "@owner@",
  summary = "@summary@",
  may_change  = { "zone.set_mx:{domain}", "notify" },  -- all that a run may ever change; anything else is refused
  exclusive   = "mx:{domain}",                         -- one such run of a domain at a time
  stale_after = "15m",                                 -- nobody executed it for longer? ask before the next change
  watch  = { every = "1m", confirm = 3, clear = 3, again_after = "30m" },
  drill  = {                                           -- muster drill @name@: real people, made-up damage
    targets = { detect = "5m", decide = "10m", mitigate = "15m" },
    scenarios = {
      ["primary-silent"] = { faults = { "smtp_down {domains[domain].primary}" }, result = "failed_over",
                             acts = { "notify @tell@ mail-failing", "zone.set_mx {domain}", "notify @tell@ mail-restored" } },
    },
  },
  params = {
    domain  = param.domain   "Domain whose inbound mail fails" { default = "@domain@" },
    standby = param.host     "Where its mail goes then" { from = "domains[domain].standby" },
    answer  = param.duration "How long they have to answer" { default = "10m" },
    settle  = param.duration "How long to watch after the change" { default = "15m" },
    every   = param.duration "How often to look meanwhile" { default = "30s" },
  },
  changelog = { ["1.0.0"] = "First version" },
}

function detect(p) return mail.inbound(p.domain) end   -- one look; muster serve makes runs of them

function main(p, samples)
  step "Is inbound mail really down?"
  local before  = need(zone.mx(p.domain), "the DNS host does not answer")
  local inbound = mail.inbound(p.domain, { mx = before })
  evidence("inbound mail of " .. p.domain, inbound)
  if not inbound.broken then finish("no_action", inbound.why) end -- up, or nothing can be said: both change nothing
  milestone("detected", samples.first.at)
  notify("@tell@", "mail-failing", { domain = p.domain, since = samples.first.at })

  step "Would the standby take it?"
  local ready = mail.preflight(p.domain, { mx = { { preference = 10, host = p.standby } } })
  evidence("pre-flight of " .. p.standby, ready)
  if not ready.ok then
    notify("@owner@", "standby-unfit", { domain = p.domain, standby = p.standby, why = ready.why })
    fail(ready.why)
  end

  step "Ask, then move the MX"
  local answer = approve { "Point " .. p.domain .. " at " .. p.standby .. "?", by = "@ask@", deadline = p.answer,
                           show = { inbound, ready, change = { from = before, to = ready.mx },
                                    ["if we wait"] = "senders retry 4-5 days: late, not lost" } }
  if not answer.yes then finish(answer.how, answer.reason) end -- declined and expired are two different mornings
  milestone("decided", answer.at)
  undo "Put the old MX rrset back"                      -- names the undo that the next act records by itself
  zone.set_mx(p.domain, ready.mx, { only_if = before }) -- done when every authoritative address serves it
  milestone "mitigated"

  step "Prove that mail flows"
  local flows = wait_until(p.settle, { every = p.every, stable = 3 }, function()
    local served = dns.mx(p.domain, { at = "authoritative" })
    return served.ok and mail.inbound(p.domain, { mx = served }).verdict == "up"
  end)
  if not flows then
    notify("@owner@", "still-failing", { domain = p.domain, standby = p.standby })
    fail("the MX was moved, and no mail flows after " .. p.settle)
  end
  notify("@tell@", "mail-restored", { domain = p.domain, standby = p.standby })
  milestone "resolved"
  finish("failed_over", "via " .. p.standby)
end
