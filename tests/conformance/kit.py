"""Helpers of the conformance programs; see README.md."""
import json, hashlib, os, sys, time, threading
from StreamManagerApi import *
W = os.environ['CONFORMANCE_WORK'].rstrip('/') + '/'   # scratch: models/, out/
PHOTOS = os.environ.get('CONFORMANCE_PHOTOS', W + 'photos/')
HERE = os.path.dirname(os.path.abspath(__file__)) + '/'
M = W + 'models/'; os.makedirs(M, exist_ok=True); os.makedirs(W + 'out/raw', exist_ok=True)
IMG = PHOTOS
INP = HERE + 'inputs/'
cases = []
import models_made
models_made.misbehave()
models_made.compile_once()

def txt(b):
    if isinstance(b, str): b = b.encode('utf8', 'surrogateescape')
    d = {'len': len(b)}
    if len(b) <= 3000:
        try:
            s = b.decode('utf8'); d['text'] = s
        except UnicodeDecodeError: d['hex'] = b.hex()
    else: d['head_hex'] = b[:64].hex()
    d['sha256'] = hashlib.sha256(b).hexdigest()[:16]
    return d

def out(r): return {'errorCode': r.errorCode, 'data': txt(r.data)}

def call(f, *a, **k):
    t = time.monotonic()
    try: r = f(*a, **k)
    except Exception as e: r = '%s: %s' % (type(e).__name__, str(e).split('\n')[0])
    ms = (time.monotonic() - t) * 1000
    return r, round(ms)

def rec(id, what, **kw):
    c = {'id': id, 'what': what}; c.update(kw); cases.append(c)
    s = json.dumps(c, ensure_ascii=False)
    print(s if len(s) < 1500 else s[:1500] + '…'); sys.stdout.flush()

def write(name, text):
    p = M + name
    with open(p, 'wb') as f: f.write(text if isinstance(text, bytes) else text.encode())
    os.chmod(p, 0o640); models_made.make_beside(p); return p

def om(name, **kw):
    return write(name, 'STUBOM\n' + ''.join('%s=%s\n' % i for i in kw.items()))

def cfg(name, **kw):
    return write(name, ''.join('%s=%s\n' % i for i in kw.items()))

def di(data=b'', **kw):
    d = MxDataInput(); d.data = data
    for k, v in kw.items(): setattr(d, k, v)
    return d

def pipe(name='cls', cfgf='top5.cfg', omf='el0.om', names='labels1000.names', dec=None, rs=None, ti=None, pp=None, ser=None, mid=None,
         resize=True, post=True, serialize=True, infer=True, src=None, sink=None, sc={"deviceId": "0"}):
    """the vendor pipeline; returns dict (one stream)"""
    e = {"stream_config": dict(sc)} if sc is not None else {}
    chain = [("appsrc0", "appsrc", {"blocksize": "409600"} if src is None else src)]
    chain.append(("mxpi_imagedecoder0", "mxpi_imagedecoder", dict({"handleMethod": "opencv"}, **(dec or {}))))
    if resize:
        chain.append(("mxpi_imageresize0", "mxpi_imageresize", dict({"handleMethod": "opencv", "resizeType": "Resizer_Stretch", "resizeHeight": "224", "resizeWidth": "224"}, **(rs or {}))))
    for m in (mid or []): chain.append(m)
    if infer:
        chain.append(("mxpi_tensorinfer0", "mxpi_tensorinfer", dict({"modelPath": M + omf, "waitingTime": "1", "outputDeviceId": "-1"}, **(ti or {}))))
    if infer and post:
        chain.append(("mxpi_classpostprocessor0", "mxpi_classpostprocessor", dict({"dataSource": "mxpi_tensorinfer0", "postProcessConfigPath": M + cfgf, "labelPath": M + names if names else "", "postProcessLibPath": "libresnet50postprocess.so"}, **(pp or {}))))
    if serialize:
        chain.append(("mxpi_dataserialize0", "mxpi_dataserialize", dict({"outputDataKeys": "mxpi_classpostprocessor0"}, **(ser or {}))))
    chain.append(("appsink0", "appsink", {"blocksize": "4096000"} if sink is None else sink))
    for i, (n, f, p) in enumerate(chain):
        p = {k: v for k, v in p.items() if v is not None}
        e[n] = {"props": p, "factory": f}
        if i + 1 < len(chain): e[n]["next"] = chain[i + 1][0]
    return {name: e}

def J(d): return json.dumps(d).encode()

def start():
    m = StreamManagerApi(); r = m.InitManager(); assert r == 0, r; return m

def one(m, stream, data, timeout=30000):
    u, t1 = call(m.SendDataWithUniqueId, stream, 0, di(data))
    if not isinstance(u, int) or u < 0: return {'send': u}
    r, t2 = call(m.GetResultWithUniqueId, stream, u, timeout)
    return dict(send=u, **out(r), ms=t2) if not isinstance(r, str) else {'send': u, 'exc': r}

def img(n):
    """A photo if CONFORMANCE_PHOTOS has it, else a generated picture (no expectation here depends on it)."""
    return open(IMG + n if os.path.exists(IMG + n) else INP + 'grad_640x480.png', 'rb').read()
def inp(n): return open(INP + n, 'rb').read()

def save(group):
    json.dump(cases, open(W + 'out/%s.json' % group, 'w'), ensure_ascii=False, indent=1)


# what the programs take for granted: a 1000-class model, its cfg and labels
om('el0.om', kind='const', values=','.join(str((i * 37) % 1000 / 100) for i in range(1000)))
cfg('v_top1.cfg', CLASS_NUM=1000, TOP_K=1)
cfg('top5.cfg', CLASS_NUM=1000, SOFTMAX='false', TOP_K=5)
write('labels1000.names', ''.join('label %d\n' % i for i in range(1000)))
