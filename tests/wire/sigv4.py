"""Makes sigv4.json: requests as botocore signs them, with each step's text. Run it with a Python that has botocore; the file is kept."""
import base64
import hashlib
import json
from pathlib import Path

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

JSON = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Kinesis_20131202.ListStreams"}
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
CALLER = b"Action=GetCallerIdentity&Version=2011-06-15"
CASES = [  # name, method, path and query, headers, body, service, token, seconds of a presigned one
    ("json", "POST", "/", JSON, b"{}", "kinesis", None, None),
    ("a session token", "POST", "/", JSON, b'{"Limit": 1}', "kinesis", "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUC+/==", None),
    ("cbor", "POST", "/", {**JSON, "Content-Type": "application/x-amz-cbor-1.1"}, b"\xa1\x65Limit\x01", "kinesis", None, None),
    ("an empty body", "GET", "/", {}, b"", "kinesis", None, None),
    ("no path", "POST", "", JSON, b"{}", "kinesis", None, None),
    ("dots and slashes in the path", "POST", "/a/./b/../..//c//", JSON, b"{}", "kinesis", None, None),
    ("bytes in the path that are spelled", "POST", "/a%20b/%E1%88%B4/x=y;z", JSON, b"{}", "kinesis", None, None),
    ("a query in no order", "POST", "/?b=2&a=3&a=1&A=0&flag=&%E1%88%B4=%2F", JSON, b"{}", "kinesis", None, None),
    ("spaces in a header", "POST", "/", {**JSON, "X-Custom": "  many   spaces  in  it "}, b"{}", "kinesis", None, None),
    ("a Date header", "POST", "/", {**JSON, "Date": "x"}, b"{}", "kinesis", None, None),
    ("a form for sts", "POST", "/", FORM, CALLER, "sts", None, None),
    ("presigned, for sts", "GET", "/?" + CALLER.decode(), {}, b"", "sts", None, 60),
    ("presigned", "POST", "/", JSON, b"{}", "kinesis", None, 3600),
    ("presigned with a token", "POST", "/stream?x=y", JSON, b"{}", "kinesis", "token/+=", 604800),
]


def signed(name, method, target, headers, body, service, token, expires):
    request = AWSRequest(method, "http://localhost:4567" + target, data=b"" if expires else body, headers=dict(headers))
    request.context["timestamp"] = "20261127T214300Z"
    keys = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token)
    auth = SigV4QueryAuth(keys, service, "eu-west-1", expires) if expires else SigV4Auth(keys, service, "eu-west-1")
    if expires:   # botocore would move a body into the query
        auth.payload = lambda _: hashlib.sha256(body).hexdigest()
    if "Date" in headers:   # botocore takes the present moment for it; here it is the one of the context
        request.headers.replace_header("Date", "Fri, 27 Nov 2026 21:43:00 GMT")
        auth._set_necessary_date_headers = lambda _: None
    auth._modify_request_before_signing(request)
    canonical = auth.canonical_request(request)
    to_sign = auth.string_to_sign(request, canonical)
    signature = auth.signature(to_sign, request)
    auth._inject_signature_to_request(request, signature)
    sent = [["Host", "localhost:4567"], *([k, v] for k, v in request.headers.items())]
    return {"name": name, "method": method, "target": request.url.removeprefix("http://localhost:4567") or "/", "headers": sent,
            "body_base64": base64.b64encode(body).decode(), "service": service, "token": token or "", "canonical_request": canonical,
            "string_to_sign": to_sign, "signature": signature}


out = Path(__file__).with_suffix(".json")
told = {"source": "botocore 1.44.8, tests/wire/sigv4.py", "access_key": "AKIDEXAMPLE", "secret": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        "region": "eu-west-1", "cases": [signed(*case) for case in CASES]}
out.write_text(json.dumps(told, indent=1) + "\n")
