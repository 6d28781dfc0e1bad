playbook {
  name = "@name@", version = "1.0.0", owner = "@owner@",
  summary = "@summary@",
  may_change = { "notify", "page" },                    -- it tells and pages people; it changes nothing else
  watch  = { every = "1m", confirm = 3, clear = 3, again_after = "1h" },
  params = {
    host   = param.host     "The mail host that fails" { default = "@host@" },
    every  = param.duration "How often to look" { default = "30s" },
    update = param.duration "How often people are told" { default = "30m" },
    limit  = param.duration "How long to go on" { default = "12h" },
  },
  changelog = { ["1.0.0"] = "First version" },
}

function detect(p) return smtp.probe(p.host) end        -- one look; muster serve makes runs of them

function main(p, samples)
  step "Find somebody who takes it"
  if samples.last.verdict == "up" then finish("no_action", p.host .. " answers") end
  milestone("detected", samples.first.at)
  local owner = escalate("@ladder@", "host-down", { host = p.host, why = samples.last.why }) -- who, and how long: muster.lua
  if not owner then
    notify("@owner@", "nobody-took-it", { host = p.host })
    fail("nobody took it")
  end

  step "Keep people told until it is stably back"
  local function tell()
    notify("@tell@", "host-degraded", { host = p.host, owner = owner.name, since = samples.first.at })
  end
  tell()
  local back = wait_until(p.limit, { every = p.every, stable = 3, meanwhile = { every = p.update, tell } }, function()
    return smtp.probe(p.host).verdict == "up"           -- busy is not up
  end)
  if not back then
    notify("@owner@", "still-down", { host = p.host, owner = owner.name, limit = p.limit })
    fail("still down after " .. p.limit)
  end
  notify("@tell@", "host-restored", { host = p.host, outage = ago(samples.first.at) })
  milestone "resolved"
  finish("restored", "taken by " .. owner.name)
end
