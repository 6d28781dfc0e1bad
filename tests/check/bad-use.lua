-- Libraries that are missing, out of lib/, in a circle, in a function; calls into them that may_change does not allow
local relay = use "lib/relay"
local gone = use "lib/gone" -- expect: bad-use @ use
local out = use "../lib/relay" -- expect: bad-use @ use
playbook {
  name = "bad-use", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { "notify" },
  params = { host = param.host "The relay" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local late = use("lib/relay") -- expect: bad-use @ use
  relay.tell(p.host)
  gone.tell(p.host)
  out.tell(late)
  finish("done")
end

--[==[ lib/relay.lua
local text = use "lib/text" -- expect: bad-use @ use
local M = {}
function M.tell(host) notify("team", "down", { host = text.quoted(host) }) end
return M
]==]

--[==[ lib/text.lua
local relay = use "lib/relay" -- expect: bad-use @ use
return { quoted = function(s) return relay and s end }
]==]

--[==[ lib/other.lua
return {} -- expect: unused-library @ return
]==]

--[==[ templates/down.md
Subject: {{host}} is down

It is.
]==]
