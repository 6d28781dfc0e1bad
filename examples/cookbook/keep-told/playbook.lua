-- SPDX-License-Identifier: MIT
-- People are told again and again while somebody works on it, also that there is no news.
playbook {
  name = "keep-told", version = "1.0.0", owner = "ops",
  summary = "Keep people told until a host takes mail again.",
  may_change = { "notify" },
  params = {
    host   = param.host "Which host",
    update = param.duration "How often people are told" { default = "30m" },
  },
  changelog = { ["1.0.0"] = "First version" },
}

function main(p, samples)
  step "Keep people told"
  local began = samples.first.at
  local function tell()
    notify("team", "still-down", { host = p.host, since = began, next_update = now() + seconds(p.update) })
  end
  tell()                                                -- the first one at once: meanwhile begins after a while
  local back = wait_until("12h", { every = "30s", stable = 3, meanwhile = { every = p.update, tell } }, function()
    return smtp.probe(p.host).verdict == "up"
  end)
  if not back then fail("still down after 12h") end
  notify("team", "back", { host = p.host, outage = ago(began) })
  finish("back", "after " .. ago(began))
end
