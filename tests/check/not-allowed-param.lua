-- An act on another parameter than may_change names
playbook {
  name = "not-allowed-param", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {
    "zone.set_mx:{standby}", -- expect: unneeded-change @ "zone
    "http.post:{url}", -- expect: unneeded-change @ "http
    "zone.set:{domain}",
    "start:{other}", "notify:{team}", "page:ana", "command.run:flush-{queue}",
  },
  params = {
    domain = param.domain "The domain", standby = param.host "The standby", url = param.string "Where", hook = param.string "Where else",
    other = param.string "Which", queue = param.string "Which queue", team = param.string "Who", who = param.string "Who else",
  },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  zone.set_mx(p.domain, { { preference = 10, host = p.standby } }) -- expect: not-allowed @ zone
  http.post(p.hook, {}) -- expect: not-allowed @ http
  zone.set(p.domain, p.domain, "MX", { "10 mx.example.net" })
  p.who = p.team
  start(p.other, {})
  notify(p.who, "down", {})
  escalate("oncall", "down", {})
  command.run(p.queue)
  finish("done", p.url)
end

--[==[ templates/down.md
down
]==]
