-- An act in what is waited for
playbook {
  name = "act-in-condition", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { "zone.set_mx:{domain}", "notify" },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
local function move(p)
  zone.set_mx(p.domain, { { preference = 10, host = "mx.example.net" } }) -- expect: act-under-retry @ zone
end
function main(p)
  local function look()
    zone.set_mx(p.domain, { { preference = 10, host = "mx.example.net" } }) -- expect: act-under-retry @ zone
    return mail.inbound(p.domain).ok
  end
  wait_until("5m", { every = "10s" }, look)
  wait_until("5m", function()
    notify("team", "down", { host = p.domain }) -- expect: act-under-retry @ notify
    return mail.inbound(p.domain).ok
  end)
  local last
  wait_until("5m", function() -- once each time it changes
    local verdict = mail.inbound(p.domain).verdict
    if verdict ~= last then notify("team", "down", { host = verdict }) end
    last = verdict
    return false
  end)
  wait_until("1h", { every = "1m" }, function() -- at every look that fails
    local r = mail.inbound(p.domain)
    local bad = r.verdict ~= "up"
    if bad and string.find(r.why, "timeout") then notify("team", "down", { host = p.domain }) end -- expect: act-under-retry @ notify
    return r.verdict == "up"
  end)
  wait_until("1h", function() -- as the condition
    if pcall(notify, "team", "down", { host = p.domain }) then return mail.inbound(p.domain).ok end -- expect: act-under-retry @ notify
    return false
  end)
  wait_until("1h", function() -- otherwise, far away
    if mail.inbound(p.domain).verdict == "up" then return true
    else move(p) return false end
  end)
  finish("done")
end

--[==[ templates/down.md
{{host}} is down
]==]
