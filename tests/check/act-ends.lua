-- An act before what ends the waiting is done once
playbook {
  name = "act-ends", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { "notify" },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
local function tell(p) notify("team", "down", { host = p.domain }) end
function main(p)
  wait_until("5m", { every = "1m" }, function()
    local found = mail.inbound(p.domain)
    if not found.ok then return false end
    notify("team", "down", { host = p.domain })
    return true
  end)
  wait_until("5m", { every = "1m" }, function()
    local found = mail.inbound(p.domain)
    if not found.ok then return false end
    tell(p)
    return "back: " .. found.why
  end)
  wait_until("5m", { every = "1m" }, function()
    if not mail.inbound(p.domain).ok then return false end
    notify("team", "down", { host = p.domain })
    finish("told")
  end)
  wait_until("5m", { every = "1m", stable = 3 }, function()
    if not mail.inbound(p.domain).ok then return false end
    notify("team", "down", { host = p.domain }) -- expect: act-under-retry @ notify
    return true
  end)
  wait_until("5m", function()
    notify("team", "down", { host = p.domain }) -- expect: act-under-retry @ notify
    return mail.inbound(p.domain).ok
  end)
  wait_until("5m", function()
    local later = { tell = function() notify("team", "down", { host = p.domain }) end }
    return mail.inbound(p.domain).ok and later
  end)
  finish("done")
end

--[==[ templates/down.md
{{host}} is down
]==]
