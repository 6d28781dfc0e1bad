-- A watch in milliseconds
playbook {
  name = "watch-every", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  watch = { every = "10ms", confirm = 3 }, -- expect: bad-watch @ every
  changelog = { ["1.0.0"] = "First version" },
}
function detect(p) return mail.inbound(p.domain) end
function main(p)
  finish("done", p.domain)
end
