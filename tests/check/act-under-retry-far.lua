-- The same through a function of its own
playbook {
  name = "act-under-retry-far", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { "notify" },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
local function tell(p)
  notify("team", "down", { host = p.domain }) -- expect: act-under-retry @ notify
end
function main(p)
  retry({ times = 3 }, function() tell(p) end)
  finish("done")
end

--[==[ templates/down.md
{{host}} is down
]==]
