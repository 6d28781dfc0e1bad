-- An act in what is waited for
playbook {
  name = "act-in-condition", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { "zone.set_mx:{domain}", "notify" },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
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
  finish("done")
end

--[==[ templates/down.md
{{host}} is down
]==]
