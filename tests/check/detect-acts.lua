-- Detect does and asks, itself and where it calls
playbook {
  name = "detect-acts", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { "notify", "page", "start:other" },
  params = { domain = param.domain "The domain" },
  watch = { every = "1m", confirm = 3, clear = 3, again_after = "30m" },
  changelog = { ["1.0.0"] = "First version" },
}
local function tell(p)
  page("team", "down", { host = p.domain }) -- expect: act-in-detect @ page
end
local function look(host)
  local found = mail.inbound(host)
  if not found.ok then notify("team", "down", { host = host }) end -- expect: act-in-detect @ notify
  return found
end
function detect(p)
  notify("team", "down", { host = p.domain }) -- expect: act-in-detect @ notify
  tell(p)
  retry({ times = 3 }, function()
    start("other", {}) -- expect: act-in-detect @ start -- expect: act-under-retry @ start
  end)
  local answer = approve { "Is it down?", by = "team", deadline = "1m" } -- expect: act-in-detect @ approve
  local found = look(p.domain)
  if found.verdict == "down" then notify("team", "down", { host = found.why }) end -- expect: act-in-detect @ notify
  if answer.yes then return mail.inbound(p.domain) end
end
function main(p)
  finish("done", p.domain)
end

--[==[ templates/down.md
{{host}} is down
]==]
