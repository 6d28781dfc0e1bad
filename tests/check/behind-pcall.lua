-- Verbs and words through a local or behind pcall are judged like any other call
playbook {
  name = "behind-pcall", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { "zone.set_mx:{domain}", "notify" },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
local set, z = zone.set, zone
function main(p)
  local ok = pcall(zone.set_mx, "not a domain", 7)  -- expect: bad-argument @ "not  -- expect: bad-argument @ 7
  set(p.domain, "a", "A", {}) -- expect: not-allowed @ set
  pcall(set, p.domain, "b", "A", {}) -- expect: not-allowed @ set
  local served = z.set_mxx(p.domain) -- expect: unknown-verb @ z.set_mxx
  pcall(notify, "teem", "down", {}) -- expect: unknown-recipient @ "teem"
  local tell = notify
  tell("teem", "down", {}) -- expect: unknown-recipient @ "teem"
  pcall(wait_until, "2 minutes", function() return ok end) -- expect: bad-duration @ "2 minutes"
  local kept, answer = pcall(approve, { "Go on?", deadline = "10m" }) -- expect: gate-by @ approve
  pcall(retry, { times = 2 }, function()
    notify("team", "down", {}) -- expect: act-under-retry @ notify
  end)
  evidence("served", { served, kept, answer })
  finish("done")
end

--[==[ templates/down.md
It is down
]==]
--[==[ muster.lua
return {
  people = { ana = { contact = { "ntfy:ana" } } }, audiences = { team = { "ana" } },
  channels = { ntfy = { kind = "ntfy", url = "https://x.example" } },
}
]==]
