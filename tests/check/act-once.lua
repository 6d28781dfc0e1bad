-- Nothing to find: acts in what is waited for that happen once, or when something changed
playbook {
  name = "act-once", version = "1.0.0", owner = "team", summary = "Right on purpose",
  may_change = { "notify" },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
local function tell_change(before, after)
  if before ~= after then notify("team", "down", { host = after }) end
end
local count = 0
local function first() count = count + 1 return count == 1 end
function main(p)
  local last, told, seen, state = "", false, {}, { count = 0 }
  wait_until("5m", function() -- the last look
    local r = mail.inbound(p.domain)
    if r.verdict == "rejecting" then notify("team", "down", { host = p.domain }) return true end
    if r.verdict == "down" then
      if r.why then notify("team", "down", { host = r.why }) end
      finish("down")
    end
    return r.verdict == "up"
  end)
  wait_until("5m", function() -- what is kept between looks
    local verdict = mail.inbound(p.domain).verdict
    local changed = verdict ~= last
    tell_change(last, verdict)
    last = verdict
    if changed then notify("team", "down", { host = verdict }) end
    if verdict == "down" and first() then notify("team", "down", { host = verdict }) end
    if not seen[verdict] then notify("team", "down", { host = verdict }) end
    seen[verdict] = true
    if state.count == 0 then notify("team", "down", { host = verdict }) end
    state.count = state.count + 1
    local _ = verdict ~= "up" and not told and notify("team", "down", { host = verdict })
    if told then return verdict == "up" end
    told = true
    notify("team", "down", { host = verdict })
    return false
  end)
  finish("done")
end

--[==[ templates/down.md
{{host}} is down
]==]
