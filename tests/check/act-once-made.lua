-- What a look keeps in locals of its own is found at each look; an act before the return that ends it is done once
playbook {
  name = "act-once-made", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { "notify" },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local last
  wait_until("5m", function()
    local found, bad, why, late = mail.inbound(p.domain), {}, "", false
    if found.verdict ~= "up" then bad[#bad + 1] = found.why end
    if found.verdict == "down" then why = found.why end
    if found.verdict ~= last then late = true end
    if #bad > 0 then notify("team", "down", { host = p.domain }) end -- expect: act-under-retry @ notify
    if why ~= "" then notify("team", "down", { host = p.domain }) end -- expect: act-under-retry @ notify
    if late then notify("team", "down", { host = p.domain }) end
    last = found.verdict
    return false
  end)
  wait_until("5m", { every = "1m" }, function()
    local list, other, found = {}, {}, mail.inbound(p.domain)
    if not found.ok then table.insert(list, found.why) end
    if found.ok or last then table.insert(other, "x") end
    if #list > 0 then notify("team", "down", { host = p.domain }) end -- expect: act-under-retry @ notify
    if #other > 0 then notify("team", "down", { host = p.domain }) end
    if not found.ok then return false end
    notify("team", "down", { host = p.domain })
    return true
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
  finish("done")
end

--[==[ templates/down.md
{{host}} is down
]==]
