-- Functions of libraries that act, in all the ways they are called
local relay, post = use "lib/relay", use "lib/post"
playbook {
  name = "act-under-retry-library", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { "notify", "page", "zone.set_mx:{domain}" },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
local own = { move = function(domain)
  zone.set_mx(domain, { { preference = 10, host = "mx.example.net" } }) -- expect: act-under-retry @ zone
end }
function main(p)
  local question = relay.ask
  retry({ times = 3 }, function() relay.tell(p.domain) end)
  retry({ times = 3 }, function()
    local seen = relay.look(p.domain)
    if not seen.ok then question(p.domain) end
    pcall(own.move, p.domain)
    pcall(notify, "team", "down", { host = p.domain }) -- expect: act-under-retry @ notify
  end)
  retry({ times = 3 }, post)
  retry({ times = 3 }, relay.far.call)
  retry({ times = 3 }, function() relay:shout() end)
  relay.thrice(p.domain)
  finish("done")
end

--[==[ lib/relay.lua
local far = use "lib/far"
local M = { far = far }
function M.tell(host)
  notify("team", "down", { host = host }) -- expect: act-under-retry @ notify
end
M.ask = function(host)
  page("team", "down", { host = host }) -- expect: act-under-retry @ page
end
function M.look(host) return smtp.probe(host) end
function M:shout()
  notify("team", "down", { host = "all" }) -- expect: act-under-retry @ notify
end
local function send(host)
  notify("team", "down", { host = host }) -- expect: act-under-retry @ notify
end
function M.thrice(host)
  retry({ times = 3 }, function() send(host) end)
end
return M
]==]

--[==[ lib/far.lua
local function send(host)
  notify("team", "down", { host = host }) -- expect: act-under-retry @ notify
end
local function call() send("mx.example.net") end
return { call = call }
]==]

--[==[ lib/post.lua
return function()
  notify("team", "down", { host = "mx.example.net" }) -- expect: act-under-retry @ notify
end
]==]

--[==[ templates/down.md
{{host}} is down
]==]
