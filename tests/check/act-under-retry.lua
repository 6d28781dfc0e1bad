-- An act that would be done again
playbook {
  name = "act-under-retry", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { "notify" },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  retry({ times = 3 }, function()
    notify("team", "down", { host = p.domain }) -- expect: act-under-retry @ notify
  end)
  finish("done")
end

--[==[ templates/down.md
{{host}} is down
]==]
