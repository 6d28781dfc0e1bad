-- A ladder that ends in nobody
playbook {
  name = "ladder", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { "page" },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local who = escalate("oncall", "down", { host = p.domain }) -- expect: broken-ladder @ "oncall"
  finish("done", tostring(who))
end

--[==[ muster.lua
return {
  people = {
    ana = { name = "Ana", teams = { "team", "lead" }, contact = { "relay:ana@example.com" } },
    bo = { name = "Bo", teams = { "duty" }, contact = { "push:bo" } },
    cy = { name = "Cy" },
  },
  channels = {
    relay = { kind = "email", relay = "mail.example.net:587", from = "muster@example.net" },
    push = { kind = "ntfy", url = "https://ntfy.example.org" },
  },
  domains = { ["example.com"] = { provider = "p" } },
  ladders = { oncall = { { page = "bo" }, { page = "dora" } }, empty = {} },
}
]==]

--[==[ templates/down.md
{{host}} is down
]==]
