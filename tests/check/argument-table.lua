-- Named arguments, whole results and functions where a text belongs: the call raises
playbook {
  name = "argument-table", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {},
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local mx = dns.mx(p.domain)
  local inbound = mail.inbound(mx) -- expect: bad-argument @ mx)
  local probed = smtp.probe { host = "mx." .. p.domain } -- expect: bad-argument @ {
  dns.query(p.domain, { type = "TXT", at = p.domain }) -- expect: bad-argument @ {
  dns.mx(p) -- expect: bad-argument @ p)
  dns.mx(function() return p.domain end) -- expect: bad-argument @ function
  smtp.probe(p.domain, { port = mx }) -- expect: bad-argument @ mx
  for _, one in ipairs(mx.mx) do smtp.probe(one.host) end
  finish("done", tostring(inbound.ok and probed.ok))
end
