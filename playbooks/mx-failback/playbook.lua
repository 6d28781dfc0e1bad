-- SPDX-License-Identifier: MIT
playbook {
  name = "mx-failback", version = "2.1.0", owner = "mail-platform",
  summary = "Move inbound mail back to the primary MX once it has been well for a while.",
  may_change  = { "zone.set_mx:{domain}", "notify" },
  exclusive   = "mx:{domain}",
  stale_after = "15m",
  params = {
    domain     = param.domain   "Domain that was failed over",
    primary    = param.list(param.host) "The primary MX hosts, best first" { from = "domains[domain].primary" },
    well_for   = param.duration "How long the primary must have been up, without a break" { default = "2h" },
    give_up    = param.duration "How long to wait for that" { default = "24h" },
    answer     = param.duration "How long each of those asked has to answer" { default = "1h" },
    ttl        = param.integer  "TTL of the restored rrset, in seconds" { default = 3600, min = 30, max = 86400 },
    every      = param.duration "How often to look" { default = "1m" },
    quorum     = param.integer  "How many people must approve" { default = 1, min = 1, max = 5 },
  },
  changelog = { ["2.1.0"] = "The proof looks past caches; a quorum can be asked for",
                ["2.0.0"] = "Ask before moving back; the primary must have been well without a break" },
}

local function set_of(hosts)
  local mx = {}
  for i, host in ipairs(hosts) do mx[i] = { preference = 10 * i, host = host } end
  return mx
end

-- How many looks in a row make `well_for`: the rest of the wait is wait_until's.
local function looks(p) return math.max(1, seconds(p.well_for) // math.max(1, seconds(p.every))) end

-- Past every cache: what the zone's own name servers say is where mail will go.
local function flows_again(p)
  local served = dns.mx(p.domain, { at = "authoritative" })
  return served.ok and mail.inbound(p.domain, { mx = served }).verdict == "up"
end

function main(p)
  step "Has the primary been well for long enough?"
  local before = need(zone.mx(p.domain), "DNS provider does not answer")
  local target = set_of(p.primary)
  local well = wait_until(p.give_up, { every = p.every, stable = looks(p) }, function()
    return mail.inbound(p.domain, { mx = target }).verdict == "up"
  end)
  if not well then finish("no_action", "the primary was not up for " .. p.well_for .. " without a break") end

  step "Would it take the mail now?"
  local ready = mail.preflight(p.domain, { mx = target })
  evidence("pre-flight of the primary", ready)
  if not ready.ok then fail(ready.why) end

  step "Ask, then move the MX back"
  local answer = approve { "Move " .. p.domain .. " back to " .. table.concat(p.primary, ", ") .. "?", by = "incident-lead",
                           deadline = p.answer, then_ask = "duty-manager", quorum = p.quorum,
                           show = { ready, change = { from = before, to = ready.mx } } }
  if not answer.yes then finish(answer.how, answer.reason) end
  undo "Point the MX at the standby again"
  zone.set_mx(p.domain, ready.mx, { only_if = before, ttl = p.ttl })

  step "Prove that mail flows"
  local flows = wait_until("15m", { every = p.every, stable = 3 }, function() return flows_again(p) end)
  if not flows then
    notify("stakeholders", "failback-failed", { domain = p.domain })
    fail("MX moved back, and no mail flows")
  end
  notify("stakeholders", "mail-normal", { domain = p.domain })
  finish("failed_back", "via " .. p.primary[1])
end
