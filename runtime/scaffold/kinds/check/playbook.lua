playbook {
  name = "@name@", version = "1.0.0", owner = "@owner@",
  summary = "@summary@",
  may_change = { "notify" },                            -- it looks, and tells its owner; run it from a schedule
  params = {
    domain   = param.domain   "Domain that is looked at" { default = "@domain@" },
    cached   = param.duration "How long caches may keep its MX at most" { default = "1h" },
    cert_for = param.duration "How long certificates must still be good" { default = "21d" },
    patience = param.duration "How long to look again while nothing can be said" { default = "5m" },
  },
  changelog = { ["1.0.0"] = "First version" },
}

function main(p)
  local troubles = {}
  local function trouble(severity, what, why)
    finding(severity, what, why)
    troubles[#troubles + 1] = { what = what, why = why }
  end

  step "What DNS says"
  local served = dns.mx(p.domain, { at = "authoritative" })
  evidence("MX of " .. p.domain, served)
  if not served.ok then trouble("high", "MX", served.why)
  elseif #served.mx == 0 then trouble("high", "MX", "there is none")
  elseif not served.consistent then trouble("warn", "name servers", served.why) end
  if (served.ttl or 0) > seconds(p.cached) then
    trouble("warn", "TTL", "caches keep the MX for " .. served.ttl .. " s: a move would take as long")
  end

  step "Does mail get in?"
  local sure = wait_until(p.patience, { every = "1m" }, function()
    local inbound = mail.inbound(p.domain)
    return inbound.verdict ~= "inconclusive" and inbound
  end)
  if not sure then trouble("warn", "mail", "nothing can be said from here for " .. p.patience) -- unknown is not fine
  elseif sure.broken then trouble("high", "mail", sure.why) end

  step "What is about to run out?"
  for _, mx in ipairs(served.mx) do
    local certificate = smtp.probe(mx.host).certificate
    if not certificate then trouble("warn", mx.host, "it shows no certificate")
    elseif certificate.days_left < seconds(p.cert_for) // 86400 then
      trouble("warn", mx.host, "its certificate ends in " .. certificate.days_left .. " days")
    end
  end

  step "Tell the owner"
  if #troubles == 0 then finish("fine") end
  notify("@owner@", "troubles", { domain = p.domain, troubles = troubles })
  finish("troubles", #troubles .. ": " .. troubles[1].what .. ": " .. troubles[1].why)
end
