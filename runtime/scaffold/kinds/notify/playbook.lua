playbook {
  name = "@name@", version = "1.0.0", owner = "@owner@",
  summary = "@summary@",
  may_change = { "notify" },                            -- it tells people; it changes nothing
  watch  = { every = "1m", confirm = 3, clear = 3, again_after = "1h" },
  params = {
    domain = param.domain   "Domain whose inbound mail is looked at" { default = "@domain@" },
    every  = param.duration "How often to look whether it is over" { default = "1m" },
    limit  = param.duration "How long to go on looking" { default = "4h" },
  },
  changelog = { ["1.0.0"] = "First version" },
}

function detect(p) return mail.inbound(p.domain) end    -- one look; muster serve makes runs of them

function main(p, samples)
  step "Does mail get in?"
  local seen = samples.last
  evidence("inbound mail of " .. p.domain, seen)
  if seen.verdict == "up" then finish("no_action", seen.why) end
  if seen.verdict == "inconclusive" then finish("inconclusive", seen.why) end -- it may be us: nobody is alarmed
  milestone("detected", samples.first.at)

  step "Tell people"
  notify("@tell@", "mail-failing", { domain = p.domain, since = samples.first.at, lost = seen.verdict == "rejecting", why = seen.why })

  step "Wait until it is over"
  local over = wait_until(p.limit, { every = p.every, stable = 3 }, function()
    return mail.inbound(p.domain).verdict == "up"
  end)
  if not over then
    notify("@owner@", "mail-still-failing", { domain = p.domain, limit = p.limit })
    fail("mail still fails after " .. p.limit)
  end
  notify("@tell@", "mail-restored", { domain = p.domain, outage = ago(samples.first.at) })
  milestone "resolved"
  finish("told", "it was over after " .. ago(samples.first.at))
end
