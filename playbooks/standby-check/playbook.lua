-- SPDX-License-Identifier: MIT
playbook {
  name = "standby-check", version = "1.0.0", owner = "mail-platform",
  summary = "See whether the standby MX of a domain could take its mail now, and tell its owner what stands in the way.",
  may_change = { "notify" },                                    -- it looks; nothing is ever moved
  params = {
    domain   = param.domain   "Domain whose standby is looked at",
    standby  = param.host     "Its standby MX"                  { from = "domains[domain].standby" },
    how      = param.choice   "How it would be used: as mx-failover does" { "swap", "add", default = "swap" },
    tell     = param.string   "Who is told what is not fit"     { default = "mail-platform" },
    cert_for = param.duration "How long its certificate must still be good" { default = "21d" },
    cached   = param.duration "How long caches may keep the present MX set" { default = "1h" },
    patience = param.duration "How long to look again while nothing can be said" { default = "10m" },
    every    = param.duration "How often to look meanwhile"     { default = "1m" },
  },
  changelog = { ["1.0.0"] = "First version" },
}

-- The pre-flight, once it can be believed: a 421, a resolver that is silent or our own blocked port 25 say nothing
-- about the standby. What else fails may be an alias or a recipient: those are known whoever is reached.
local function sure(p)
  local candidate = { { preference = 10, host = p.standby } }
  local ready = mail.preflight(p.domain, { mx = candidate, how = p.how })
  if ready.ok then return ready end
  local seen = mail.inbound(p.domain, { mx = candidate })       -- asks the control targets: is it me?
  return ready.counts.fail > 0 and seen.verdict ~= "inconclusive" and ready
end

function main(p)
  local troubles, blocking = {}, 0
  local function trouble(severity, what, why)
    finding(severity, what, why)
    troubles[#troubles + 1] = { what = what, why = why }
    if severity == "high" then blocking = blocking + 1 end
  end
  local function tell(template, why)
    notify(p.tell, template, { domain = p.domain, standby = p.standby, why = why, troubles = troubles })
  end

  step "Could the MX be moved?"
  local present = zone.mx(p.domain)                             -- also proves that our key works today
  if not present.ok then trouble("high", "DNS host", present.why) end
  for _, mx in ipairs(present.mx) do
    if mx.host == p.standby then trouble("warn", "MX set", p.standby .. " is in it already: nothing else stands by") end
  end

  step "Would the standby take the mail?"
  local ready = wait_until(p.patience, { every = p.every }, function() return sure(p) end)
  if not ready then
    local why = "nothing can be said of " .. p.standby .. " from here for " .. p.patience
    trouble("warn", p.standby, why)
    tell("standby-unknown", why)
    finish("inconclusive", why)
  end
  evidence("pre-flight of " .. p.standby, ready)
  local severities, unseen, dead = { fail = "high", warn = "warn", unknown = "warn" }, {}, {}
  for _, point in ipairs(ready.points) do
    local of_domain = point.point == "present set"
    local what = (point.host and point.host .. " " or "") .. (point.address and point.address .. " " or "") .. point.point
    if point.point == "port 25" then dead[point.address] = point.state == "fail" end
    if point.point == "ttl" then                                -- judged below, by `cached`
    elseif point.state == "unknown" and point.address and dead[point.address] then -- no more to learn there
    elseif severities[point.state] and (point.host or of_domain) then trouble(severities[point.state], what, point.why)
    elseif point.state == "unknown" then unseen[#unseen + 1] = point.point end
  end
  finding("info", "not looked at", table.concat(unseen, ", "))

  step "Is anything about to run out?"
  if not ready.ttl_now then trouble("warn", "TTL", "how long caches keep the present MX set is not known")
  elseif ready.ttl_now > seconds(p.cached) then
    trouble("warn", "TTL", "caches keep the present MX set for " .. ready.ttl_now .. " s: lower it before it matters")
  end
  for _, point in ipairs(ready.points) do
    if point.point == "certificate" and point.state == "pass" then
      local certificate = smtp.probe(p.standby, { address = point.address }).certificate
      if not certificate then trouble("warn", "certificate", point.address .. " showed none the second time")
      elseif certificate.days_left < seconds(p.cert_for) // 86400 then
        trouble("warn", "certificate", point.address .. " has one that ends in " .. certificate.days_left .. " days")
      end
    end
  end

  step "Tell who looks after it"
  if blocking > 0 then
    tell("standby-unfit", troubles[1].why)
    finish("unfit", blocking .. " of " .. #troubles .. " findings stand in the way")
  end
  if #troubles > 0 then
    tell("standby-warnings", "it would take the mail")
    finish("fit_with_warnings", #troubles .. " findings")
  end
  finish("fit", ready.why)
end
