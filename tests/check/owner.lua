-- An owner that there is none of
playbook {
  name = "owner", version = "1.0.0", owner = "team", summary = "Faulty on purpose", -- expect: unknown-owner @ owner = 
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  finish("done", p.domain)
end

--[==[ muster.lua
return {
  people = {
    ana = { name = "Ana", teams = { "lead" }, contact = { "relay:ana@example.com" } },
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
