-- SPDX-License-Identifier: MIT
playbook {
  name = "mx-failover-drill", version = "1.0.0", owner = "mail-platform",
  summary = "Exercise a failover with everything but production: page, ask, move the MX of a drill domain and put it back.",
  may_change = { "zone.set_mx:{domain}", "page", "notify" },    -- of the drill domain; production is only looked at
  exclusive  = "mx:{domain}",
  params = {
    domain     = param.domain   "The drill domain, whose MX is moved",
    stands_for = param.domain   "The production domain it stands for" { from = "domains[domain].stands_for" },
    standby    = param.host     "The standby MX of that one"    { from = "domains[stands_for].standby" },
    ladder     = param.string   "Who is paged"                  { default = "mail-oncall" },
    tell       = param.string   "Who gets the summary"          { default = "mail-platform" },
    answer     = param.duration "How long each of those asked has to answer" { default = "10m" },
    ack        = param.duration "Target: somebody took it"      { default = "5m" },
    decide     = param.duration "Target: it was decided"        { default = "10m" },
    mitigate   = param.duration "Target: the MX was moved"      { default = "15m" },
  },
  changelog = { ["1.0.0"] = "First version" },
}

local function text_of(err) return tostring(type(err) == "table" and err.why or err) end

function main(p)
  local parts, slow = {}, {}
  -- How long it took since the drill began, against its target.
  local function part(what, target)
    local took = now() - started()
    local late = took > seconds(target)
    parts[#parts + 1] = { what = what, took = ago(started()), target = target, late = late }
    if late then
      slow[#slow + 1] = what
      finding("warn", what, "took " .. ago(started()) .. ", the target is " .. target)
    end
  end
  local function over(result, why)
    evidence("times", parts)
    notify(p.tell, "drill-result", { domain = p.domain, stands_for = p.stands_for, result = result, why = why, parts = parts })
    finish(result, why)
  end

  step "Is the drill domain in its place?"
  if p.domain == p.stands_for then fail(p.domain .. " would stand for itself: drills don't move the MX of production") end
  local before = need(zone.mx(p.domain), "DNS provider does not answer")
  if #before.mx == 0 then fail(p.domain .. " has no MX to move: give it the one of " .. p.stands_for) end
  for _, mx in ipairs(before.mx) do
    if mx.host == p.standby then fail(p.domain .. " is still at " .. p.standby .. ", from the drill before: put it back first") end
  end

  step "Who takes it?"
  local owner = escalate(p.ladder, "drill-page", { domain = p.domain, stands_for = p.stands_for })
  if not owner then over("nobody_came", "nobody of " .. p.ladder .. " took it") end
  milestone "acknowledged"
  part("acknowledge", p.ack)

  step "Could the standby take the mail of production now?"
  local ready = mail.preflight(p.stands_for, { mx = { { preference = 10, host = p.standby } } })
  evidence("pre-flight of " .. p.standby, ready)
  if not ready.ok then
    finding("high", p.standby, ready.why)
    over("standby_unfit", ready.why)
  end

  step "Ask, then move the MX of the drill domain"
  local answer = approve { "DRILL: point " .. p.domain .. " at " .. p.standby .. "?", by = "incident-lead", deadline = p.answer, then_ask = "duty-manager",
                           show = { ready, change = { from = before, to = ready.mx },
                                    ["what for"] = p.domain .. " stands for " .. p.stands_for .. ": decide as you would for that" } }
  if not answer.yes then over(answer.how, answer.reason) end
  milestone "decided"
  part("decide", p.decide)
  undo "Put the MX of the drill domain back"
  local moved, change = pcall(zone.set_mx, p.domain, ready.mx, { only_if = before })
  if not moved then
    finding("critical", "DNS host", text_of(change))
    over("not_moved", text_of(change))
  end
  milestone "mitigated"
  part("mitigate", p.mitigate)

  step "Put it back"
  local back, why = pcall(zone.set_mx, p.domain, before, { only_if = change.after })
  if not back then
    finding("critical", "DNS host", "the MX was moved and could not be put back: " .. text_of(why))
    over("not_put_back", text_of(why))
  end

  step "Tell how it went"
  if #slow > 0 then over("slow", "slower than their targets: " .. table.concat(slow, ", ")) end
  over("met", "taken by " .. owner.name .. ", moved and put back")
end
