"""What the vendor's engine did under a server: how sends wait, a crop with two sources, normalizing, and what strict mode lacked."""
from kit import *
import MxpiDataType_pb2 as P
from concurrent.futures import ThreadPoolExecutor
m = start()
cfg('s3.cfg', CLASS_NUM=3, TOP_K=3)
LARGE_MS = 500   # longer than a send without a wait, shorter than a wait for three runs of the model
def create(name, **kw):
    omf = name + '.om'; om(omf, **dict(dict(kind='sum', classes=3), **kw)); r = m.CreateMultipleStreams(J(pipe(name, cfgf='s3.cfg', omf=omf))); assert r == 0, r
def sends(name, n):
    ids = [call(m.SendDataWithUniqueId, name.encode(), 0, di(inp('flat1.png'))) for _ in range(n)]
    return [u for u, _ in ids], [ms > LARGE_MS for _, ms in ids]
def gets(name, ids): return [m.GetResultWithUniqueId(name.encode(), u, 30000).errorCode for u in ids]

create('K1', delay_ms=1500)  # the fourth send gives up after 3 s, 1.5 s before the three are out
ids, waited = sends('K1', 7); rec('K.sends.1500ms', 'a model of 1.5 s, seven sends back to back', ids=ids, waited=waited, codes=gets('K1', [u for u in ids if u >= 0])); m.StopStream(b'K1')
create('K2', delay_ms=500)
ids, waited = sends('K2', 10); rec('K.sends.500ms', 'a model of 500 ms, ten sends back to back', ids=ids, waited=waited, codes=gets('K2', ids)); m.StopStream(b'K2')
create('K3'); taken, _ = sends('K3', 13)
with ThreadPoolExecutor(3) as pool: refused = list(pool.map(lambda _: sends('K3', 1)[0][0], range(3)))
codes = gets('K3', taken); after, _ = sends('K3', 2)
rec('K.refused', 'nobody claims: thirteen are taken, three refused at once; then all are claimed and two sent', taken=taken, refused=refused, codes=codes, after=after, after_codes=gets('K3', [u for u in after if u >= 0])); m.StopStream(b'K3')
create('K4'); u = m.SendDataWithUniqueId(b'K4', 0, di(inp('flat1.png'))); first = m.GetResultWithUniqueId(b'K4', u, 30000).errorCode; second, ms = call(m.GetResultWithUniqueId, b'K4', u, 20000)
rec('K.getagain', 'a second Get of a fetched id', first=first, second=out(second), at_once=ms < 10000)
def own(n):
    # picture i of flat*.png has one colour; its answer is that of no other
    u = m.SendDataWithUniqueId(b'K4', 0, di(flat[n % 20])); r = m.GetResultWithUniqueId(b'K4', u, 60000); return (n % 20, r.data)
flat = [inp('flat%d.png' % i) for i in range(20)]; alone = {i: own(i)[1] for i in range(20)}
with ThreadPoolExecutor(8) as pool: got = list(pool.map(own, range(320)))
rec('K.threads', 'eight threads send and get on one stream', sent=320, different=len(set(alone.values())), right=sum(alone[i] == data for i, data in got)); m.StopStream(b'K4')
create('K5'); rec('K.webp', 'a WebP', result=one(m, b'K5', inp('small.webp'))); m.StopStream(b'K5')
r = m.CreateMultipleStreams(J(pipe('K6', pp={'postProcessLibPath': '/nowhere/libresnet50postprocess.so'}))); rec('K.library', 'an absolute library path that does not exist', create=r)
if r == 0: m.StopStream(b'K6')

# pictures
def pictures(name, key):
    keys = StringVector(); keys.push_back(key); found = m.GetProtobuf(name, 0, keys)
    if not len(found): return None
    L = P.MxpiVisionList(); L.ParseFromString(found[0].messageBuf); return L.visionVec
def told(q):
    i = q.visionInfo; return dict(format=i.format, width=i.width, height=i.height, dataType=q.visionData.dataType, sha256=hashlib.sha256(q.visionData.dataStr).hexdigest()[:16],
        headerVec=[(h.parentName, h.memberId, h.dataSource) for h in q.headerVec], preprocessInfo=[str(p).split('\n')[:-1] for p in i.preprocessInfo])
CROP = {'handleMethod': 'opencv', 'autoDetectFrame': '0', 'cropPointx0': '16', 'cropPointy0': '16', 'cropPointx1': '240', 'cropPointy1': '240'}
R256 = {'resizeHeight': '256', 'resizeWidth': '256'}
def picture_case(id, what, key, frames=1, **kw):
    r = m.CreateMultipleStreams(J(pipe('K7', infer=False, serialize=False, **kw))); seen = []
    if r == 0:
        for _ in range(frames): m.SendData(b'K7', 0, di(inp('grad_640x480.png'))); seen += [told(q) for q in pictures(b'K7', key) or []]
        m.StopStream(b'K7')
    rec('K.' + id, what, create=r, pictures=seen)
picture_case('preprocess.resize', 'one resize', b'mxpi_imageresize0', rs=R256)
picture_case('preprocess.twice', 'two resizes', b'mxpi_imageresize1', rs=R256, mid=[('mxpi_imageresize1', 'mxpi_imageresize', {'handleMethod': 'opencv', 'resizeHeight': '100', 'resizeWidth': '90'})])
picture_case('preprocess.crop', 'a crop of the decoded picture', b'mxpi_imagecrop0', resize=False, mid=[('mxpi_imagecrop0', 'mxpi_imagecrop', CROP)])
picture_case('preprocess.none', 'a decoded picture has none', b'mxpi_imagedecoder0', resize=False)

# the crop of the vendor's model zoo for ResNeXt: the picture to appsrc0, the boxes to appsrc1
def zoo(crop, boxes_port='mxpi_imagecrop0:0'):
    e = pipe('K8', infer=False, serialize=False, rs=R256, mid=[('mxpi_imagecrop0', 'mxpi_imagecrop', dict({'handleMethod': 'opencv', 'dataSource': 'appsrc1', 'dataSourceImage': 'mxpi_imageresize0'}, **crop))])
    e['K8']['mxpi_imageresize0']['next'] = 'mxpi_imagecrop0:1'; e['K8']['appsrc1'] = {'props': {'blocksize': '409600'}, 'factory': 'appsrc', 'next': boxes_port}
    return e
def boxes(*edges):
    L = P.MxpiObjectList()
    for x0, y0, x1, y1 in edges: o = L.objectVec.add(); o.x0, o.y0, o.x1, o.y1 = x0, y0, x1, y1
    p = MxProtobufIn(); p.key, p.type, p.protobuf = b'appsrc1', b'MxTools.MxpiObjectList', L.SerializeToString(); v = InProtobufVector(); v.push_back(p); return v
def crop_case(id, what, crop={}, sent=((16, 16, 240, 240),), picture='grad_640x480.png', boxes_port='mxpi_imagecrop0:0', boxes_first=False):
    r = m.CreateMultipleStreams(J(zoo(crop, boxes_port))); result = {}
    if r == 0:
        steps = [lambda: m.SendData(b'K8', 0, di(inp(picture))), lambda: m.SendProtobuf(b'K8', 1, boxes(*sent))]
        result['sent'] = [step() for step in (steps[::-1] if boxes_first else steps)]
        if picture.endswith('.png'): result['pictures'] = [told(q) for q in pictures(b'K8', b'mxpi_imagecrop0') or []]
        else: result['result'] = out(m.GetResult(b'K8', 0, 30000))
        m.StopStream(b'K8')
    rec('K.zoo.' + id, what, create=r, **result)
crop_case('crop', 'one box'); crop_case('boxes_first', 'the boxes are sent first', boxes_first=True)
crop_case('two_boxes', 'two boxes', sent=((16, 16, 240, 240), (0, 10, 256, 20)))
crop_case('auto_image', 'dataSourceImage auto', {'dataSourceImage': 'auto'})
crop_case('auto_boxes', 'dataSource auto behind a source', {'dataSource': 'auto'})
crop_case('points', 'autoDetectFrame 0 with points', {'autoDetectFrame': '0', 'cropPointx0': '1', 'cropPointy0': '2', 'cropPointx1': '101', 'cropPointy1': '82'})
crop_case('broken', 'a broken picture', picture='garbage.bin')
crop_case('no_port', 'the boxes without a port: they take port 0', boxes_port='mxpi_imagecrop0')
crop_case('same_port', 'both on port 1', boxes_port='mxpi_imagecrop0:1')
crop_case('gap', 'boxes on port 2', boxes_port='mxpi_imagecrop0:2')

N = lambda **p: [('mxpi_imagenormalize0', 'mxpi_imagenormalize', p)]
MEAN = {'alpha': '123.675,116.28,103.53', 'beta': '58.395,57.12,57.375'}
def norm_case(id, what, frames=4, dec=None, **p):
    r = m.CreateMultipleStreams(J(pipe('K9', infer=False, serialize=False, mid=N(**p), dec=dec))); seen = []
    if r == 0:
        for _ in range(frames): m.SendData(b'K9', 0, di(inp('grad_640x480.png'))); seen += [told(q) for q in pictures(b'K9', b'mxpi_imagenormalize0') or []]
        m.StopStream(b'K9')
    hashes = [each.pop('sha256') for each in seen]
    rec('K.normalize.' + id, what, props=p, create=r, picture=seen[0] if seen else None, alike=all(each == seen[0] for each in seen), hashes=[hashes.index(each) for each in hashes])
norm_case('bgr', 'mean and std swapped on every second frame', dataType='FLOAT32', **MEAN)
norm_case('rgb', 'nothing swapped', dataType='FLOAT32', dec={'outputDataFormat': 'RGB'}, **MEAN)
norm_case('to_rgb', 'BGR in, RGB out', dataType='FLOAT32', format='RGB888', **MEAN)
norm_case('to_bgr', 'RGB in, BGR out', dataType='FLOAT32', format='BGR888', dec={'outputDataFormat': 'RGB'}, **MEAN)
norm_case('defaults', 'no properties'); norm_case('minmax', 'processType 0', dataType='FLOAT32', processType='0'); norm_case('blanks', 'blanks around numbers', dataType='FLOAT32', alpha=' 1, 2 ,3 ', beta='1,1,2')
for id, p in {'beta0': dict(MEAN, beta='1,0,1'), 'two': dict(MEAN, alpha='1,2'), 'four': dict(MEAN, beta='1,2,3,4'), 'word': dict(MEAN, beta='1,x,1'), 'empty': dict(MEAN, alpha=''), 'format': dict(MEAN, format='NV12'), 'type': dict(MEAN, dataType='FLOAT16'), 'process2': {'processType': '2'}}.items():
    norm_case(id, 'refused', **p)
save('K')
